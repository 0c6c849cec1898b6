import { expect, test } from "vitest";
import { Problem } from "../../src/api/problem";

test("what the API says is read as a sentence, beside its field too", () => {
  const problem = new Problem(422, { detail: "some fields are not acceptable", errors: [{ pointer: "/email", message: "it is not an address" }] });
  expect([problem.message, problem.fields["/email"]]).toEqual(["Some fields are not acceptable.", "It is not an address."]);
  expect(new Problem(0, {}).message).toBe("The server could not be reached.");
});
