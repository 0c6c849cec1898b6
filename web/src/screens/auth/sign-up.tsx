import { Link, useNavigate } from "@tanstack/react-router";
import { signUp } from "../../api/session";
import { Field, Form } from "../../ui/field";
import { AuthPage } from "./card";

export function SignUp() {
  const navigate = useNavigate();
  const send = async (values: Record<string, string>) => {
    const { email = "", password = "", name = "", organisation_name = "" } = values;
    await signUp({ email, password, name, organisation_name });
    await navigate({ to: "/", replace: true });
  };
  return (
    <AuthPage title="Create an organisation" text="You will be its owner.">
      <Form action="Create organisation" send={send}>
        {(problem) => (
          <>
            <Field label="Organisation" name="organisation_name" required maxLength={100} autoComplete="organization" problem={problem} />
            <Field label="Your name" name="name" required maxLength={100} autoComplete="name" problem={problem} />
            <Field label="Email" name="email" type="email" required autoComplete="username" problem={problem} />
            <Field label="Password" name="password" type="password" required minLength={12} maxLength={128} autoComplete="new-password"
              hint="12 to 128 characters; any of them." problem={problem} />
          </>
        )}
      </Form>
      <p className="mt-6 text-muted">
        Already a member? <Link to="/sign-in" className="inline-block min-h-6 text-accent underline">Sign in</Link>
      </p>
    </AuthPage>
  );
}
