import { Link } from "@tanstack/react-router";
import { AuthPage } from "../screens/auth/card";
import { buttonClass } from "../ui/button";

export function NotFound() {
  return (
    <AuthPage title="Not found" text="There is nothing at this address. It may have been removed, or the link is incomplete.">
      <Link to="/" className={buttonClass()}>Go to the overview</Link>
    </AuthPage>
  );
}
