/** A session is one sign-in. Its tokens are renewed before they expire, by one refresh at a time. */

import createClient, { type Client, type FetchResponse, type MaybeOptionalInit } from "openapi-fetch";
import type { Credentials, paths, PasswordChange, Tokens } from "./generated/calls.js";
import { ProblemError, problemOf } from "./problems.js";
import type { StoredTokens, TokenStorage } from "./storage.js";

export type Fetch = (request: Request) => Promise<Response>;

type AnswerOf<Path extends keyof paths, Method extends "post" | "put"> = FetchResponse<
  Extract<paths[Path][Method], Record<string | number, unknown>>,
  MaybeOptionalInit<paths[Path], Method>,
  `${string}/${string}`
>;

const TAB_STORES_WITHIN = 1_000;

/** Nobody is signed in, or not any more. */
export class SignedOutError extends Error {
  override readonly name: string = "SignedOutError";

  constructor() {
    super("Not signed in any more.");
  }
}

export class AuthSession {
  /** Calls that ask for no token, or bring their own. */
  private readonly calls: Client<paths>;
  private readonly fetch: Fetch;
  private readonly storage: TokenStorage;
  private readonly onSignedOut: () => void;
  /** Undefined until they are loaded. */
  private current: StoredTokens | null | undefined;
  private refreshing: Promise<StoredTokens | null> | null = null;
  private last: Promise<unknown> = Promise.resolve();

  constructor(baseUrl: string, fetch: Fetch, storage: TokenStorage, onSignedOut: () => void) {
    this.calls = createClient<paths>({ baseUrl, fetch });
    this.fetch = fetch;
    this.storage = storage;
    this.onSignedOut = onSignedOut;
  }

  /** Signs in, and keeps the tokens. */
  logIn(credentials: Credentials): Promise<AnswerOf<"/api/auth/login", "post">> {
    return this.oneAtATime(async () => {
      const answer = await this.calls.POST("/api/auth/login", { body: credentials });
      if (answer.data) await this.accept(answer.data);
      return answer;
    });
  }

  /** Keeps tokens that were got in another way. */
  async accept(tokens: Tokens): Promise<StoredTokens> {
    const lifetime = tokens.expires_in * 1000;
    const accepted: StoredTokens = {
      accessToken: tokens.access_token,
      refreshToken: tokens.refresh_token,
      renewAt: Date.now() + lifetime - Math.min(60_000, lifetime / 5),
    };
    await this.keep(accepted);
    return accepted;
  }

  /** Changes the password. The server signs all devices out; this one is signed in again. */
  async changePassword(change: PasswordChange): Promise<AnswerOf<"/api/auth/password", "put">> {
    await this.tokens();
    // Nobody refreshes meanwhile: tokens of before are refused as soon as the password is changed.
    return this.oneAtATime(async () => {
      const headers = { Authorization: `Bearer ${(await this.freshest())?.accessToken ?? ""}` };
      const answer = await this.calls.PUT("/api/auth/password", { body: change, headers });
      if (answer.data) await this.accept(answer.data);
      return answer;
    });
  }

  /** Signs this device out. The tokens are forgotten even if the server cannot be reached. */
  async logOut(): Promise<void> {
    await this.tokens();
    return this.oneAtATime(async () => {
      const tokens = await this.freshest();
      await this.keep(null);
      if (tokens === null) return;
      const headers = { Authorization: `Bearer ${tokens.accessToken}` };
      await this.calls.POST("/api/auth/logout", { headers }).catch(() => undefined);
    });
  }

  async isSignedIn(): Promise<boolean> {
    return (await this.loaded()) !== null;
  }

  /** An access token that is good for a while; null when nobody is signed in. */
  async accessToken(): Promise<string | null> {
    return (await this.tokens())?.accessToken ?? null;
  }

  /** Tokens that are good for a while, if the server can be reached for new ones. */
  async tokens(): Promise<StoredTokens | null> {
    const tokens = await this.loaded();
    if (tokens === null || Date.now() < tokens.renewAt) return tokens;
    return this.renewed(tokens).catch(() => tokens);
  }

  /** Other tokens than these, which the server refuses; whoever asks meanwhile gets the same. */
  renewed(stale: StoredTokens): Promise<StoredTokens | null> {
    this.refreshing ??= this.oneAtATime(() => this.refresh(stale)).finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  /** Calls with the access token; when it is refused, once more with a new one. */
  readonly authorized: Fetch = async (request) => {
    const tokens = request.headers.has("Authorization") ? null : await this.tokens();
    if (tokens === null) return this.fetch(request);
    const again = request.clone();
    request.headers.set("Authorization", `Bearer ${tokens.accessToken}`);
    const answer = await this.fetch(request);
    if (answer.status !== 401) return answer;
    const others = await this.renewed(tokens);
    if (others === null) return answer;
    again.headers.set("Authorization", `Bearer ${others.accessToken}`);
    return this.fetch(again);
  };

  private async refresh(stale: StoredTokens): Promise<StoredTokens | null> {
    const known = this.current;
    const tokens = await this.freshest();
    // Another tab may have signed out, or refreshed.
    if (tokens === null && known) this.onSignedOut();
    if (tokens === null || tokens.refreshToken !== stale.refreshToken) return tokens;
    const body = { refresh_token: tokens.refreshToken };
    const { data, error, response } = await this.calls.POST("/api/auth/refresh", { body });
    if (data) return this.accept(data);
    const problem = problemOf(error, response);
    if (problem.code === "refreshed_meanwhile") {
      // Another tab did, at the same moment; its tokens are about to be stored.
      await new Promise((resolve) => setTimeout(resolve, TAB_STORES_WITHIN));
      const others = await this.freshest();
      if (others?.refreshToken !== stale.refreshToken) return others;
    }
    if (problem.code !== "refresh_refused") throw new ProblemError(problem);
    await this.keep(null);
    this.onSignedOut();
    return null;
  }

  private oneAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.last.then(() => (this.storage.lock ? this.storage.lock(work) : work()));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async loaded(): Promise<StoredTokens | null> {
    return this.current === undefined ? this.freshest() : this.current;
  }

  /** What the storage has, which another tab may have changed. */
  private async freshest(): Promise<StoredTokens | null> {
    this.current = await this.storage.load();
    return this.current;
  }

  private async keep(tokens: StoredTokens | null): Promise<void> {
    this.current = tokens;
    await this.storage.save(tokens);
  }
}
