import { Link } from "@tanstack/react-router";
import type { Dashboard } from "../../api/types";
import { Icon } from "../../ui/icon";

/** What a person has to do something about; nothing at all when there is nothing. */
export function Attention({ items }: { items: Dashboard["attention"] }) {
  if (items.length === 0) return null;
  return (
    <section aria-label="Needs attention" className="rounded-box border border-line bg-surface sm:grid sm:grid-cols-[auto_minmax(0,1fr)]">
      <h2 className="px-4 pt-2.5 text-12 leading-5 font-normal text-muted max-sm:pb-0.5 sm:pr-2">Needs attention</h2>
      <ul className="divide-y divide-line">
        {items.map((item) => (
          <li key={item.text}>
            <Link to={item.href} className="flex min-h-10 items-center gap-3 px-4 py-2 -outline-offset-2 hover:bg-hover">
              <Icon name={item.severity} className={item.severity === "danger" ? "text-danger" : "text-on-demand"} />
              <span className="grow">{item.text}</span>
              <Icon name="chevron" className="text-muted" />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
