import type { ReactNode } from "react";
import { PageHead } from "../../frame/page-head";

/** The narrow page of what has no frame around it. */
export function AuthPage({ title, text, children }: { title: string; text: ReactNode; children: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-100 flex-col justify-center px-4 py-8">
      <p className="mb-6 flex items-center gap-2 font-semibold"><img src="/icon.svg" alt="" className="size-5" />Spot Optimizer</p>
      <PageHead title={title} state={text} />
      {children}
    </main>
  );
}
