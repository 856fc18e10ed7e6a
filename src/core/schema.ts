// Validation through Standard Schema (https://standardschema.dev), which zod, valibot, arktype and others implement.

import type { Issue } from "./errors.ts";
import type { MaybePromise } from "./store.ts";

/** The part of the Standard Schema interface, version 1, that this library uses. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => MaybePromise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** True for a schema of any library that implements Standard Schema; arktype's are functions. */
export function isSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as Partial<StandardSchema>)["~standard"];
  return typeof standard === "object" && standard !== null && typeof standard.validate === "function";
}

/** Runs a schema: its output, or what it found wrong. */
export async function validate<Output>(
  schema: StandardSchema<unknown, Output>,
  value: unknown,
): Promise<{ readonly value: Output } | { readonly issues: readonly Issue[] }> {
  const result = await schema["~standard"].validate(value);
  return result.issues ? { issues: result.issues.map(issue) } : { value: result.value };
}

function issue({ message, path = [] }: StandardIssue): Issue {
  // Array.from, since a library's path may be an array of its own kind.
  const steps = Array.from(path, (step) => {
    const key = typeof step === "object" ? step.key : step;
    return typeof key === "number" ? key : String(key);
  });
  return { message, path: steps };
}

/** The issues in one line, for a message: `cart[0].id: expected a string`. */
export function describeIssues(issues: readonly Issue[]): string {
  return issues
    .slice(0, 5)
    .map(({ message, path }) => (path.length === 0 ? message : `${pathText(path)}: ${message}`))
    .join("; ");
}

function pathText(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}
