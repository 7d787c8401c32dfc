/** What the server refuses is a problem document, whose `code` is for programs and `detail` for people. */

import type { ProblemDocument } from "./generated/calls.js";

/** A refusal of the server, thrown. */
export class ProblemError extends Error {
  override readonly name: string = "ProblemError";
  readonly problem: ProblemDocument;

  constructor(problem: ProblemDocument) {
    super(problem.detail);
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }
}

/** What a call resolves with: `data`, or the `error` that the server answered. */
export interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The data of an answer; a refusal is thrown as a `ProblemError`. */
export async function unwrap<Data>(call: Answer<Data> | PromiseLike<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await call;
  if (!response.ok) throw new ProblemError(problemOf(error, response));
  return data as Data;
}

/** The problem of a refusal; one is made where something else than the server answered, such as a proxy. */
export function problemOf(error: unknown, response: Response): ProblemDocument {
  if (typeof error === "object" && error !== null && "code" in error) return error as ProblemDocument;
  return {
    type: "about:blank",
    title: response.statusText,
    status: response.status,
    detail: `The server cannot be reached: what answered said ${response.status}.`,
    code: "unreadable_answer",
    errors: [],
    request_id: response.headers.get("X-Request-ID") ?? "",
  };
}
