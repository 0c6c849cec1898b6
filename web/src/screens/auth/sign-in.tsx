import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { signIn } from "../../api/session";
import { localPath } from "../../lib/search";
import { Field, Form } from "../../ui/field";
import { AuthPage } from "./card";

const route = getRouteApi("/sign-in");

export function SignIn() {
  const { next } = route.useSearch();
  const router = useRouter();
  const send = async (values: Record<string, string>) => {
    await signIn({ email: values["email"] ?? "", password: values["password"] ?? "" });
    // Going back must not lead to this form again.
    router.history.replace(localPath(next));
  };
  return (
    <AuthPage title="Sign in" text="See your clusters and what they save.">
      <Form action="Sign in" send={send}>
        {(problem) => (
          <>
            <Field label="Email" name="email" type="email" required autoComplete="username" problem={problem} />
            <Field label="Password" name="password" type="password" required autoComplete="current-password" problem={problem} />
          </>
        )}
      </Form>
      <p className="mt-6 text-muted">
        New here? <Link to="/sign-up" className="inline-block min-h-6 text-accent underline">Create an organisation</Link>
      </p>
    </AuthPage>
  );
}
