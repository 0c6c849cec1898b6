import { signIn, signOut } from "../../api/session";
import type { User } from "../../api/types";
import { Button } from "../../ui/button";
import { Field, Form } from "../../ui/field";
import { AuthPage } from "./card";

/** The session ended while someone was at work: the password brings them back to the same screen. */
export function SessionExpired({ user }: { user: User }) {
  return (
    <AuthPage title="Your session has ended" text="Enter your password to go on where you were.">
      <Form action="Continue" send={(values) => signIn({ email: user.email, password: values["password"] ?? "" })}>
        {(problem) => (
          <>
            <Field label="Email" name="email" value={user.email} readOnly autoComplete="username" />
            <Field label="Password" name="password" type="password" required autoFocus autoComplete="current-password" problem={problem} />
          </>
        )}
      </Form>
      <Button kind="quiet" className="mt-4" onClick={() => void signOut()}>Sign in as someone else</Button>
    </AuthPage>
  );
}
