import { Link } from "@tanstack/react-router";
import { buttonClass } from "../ui/button";
import { Message } from "../ui/states";
import { PageHead } from "./page-head";

export function NotFound() {
  return (
    <main className="p-4">
      <PageHead title="Not found" />
      <Message icon="search" title="There is nothing at this address">
        <p className="text-muted">It may have been removed, or the link is incomplete.</p>
        <Link to="/" className={buttonClass()}>Go to the overview</Link>
      </Message>
    </main>
  );
}
