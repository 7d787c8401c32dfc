/** Tokens are kept where the app says, so that a rider stays signed in when it is closed. */

export interface StoredTokens {
  readonly accessToken: string;
  /** Works once: the answer brings the next one. */
  readonly refreshToken: string;
  /** When the access token is to be renewed, shortly before it expires; as `Date.now()` counts. */
  readonly renewAt: number;
}

export interface TokenStorage {
  load(): StoredTokens | null | Promise<StoredTokens | null>;
  /** Keeps the tokens; `null` forgets them. A refresh is done when this has resolved. */
  save(tokens: StoredTokens | null): void | Promise<void>;
  /** Does one work at a time among all that share the storage, such as the tabs of a browser. */
  lock?<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** For as long as the program runs. */
export function memoryStorage(): TokenStorage {
  let kept: StoredTokens | null = null;
  return {
    load: () => kept,
    save: (tokens) => {
      kept = tokens;
    },
  };
}

/** `localStorage`, React Native's AsyncStorage, and what has the same three methods. */
export interface KeyValueStore {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): void | Promise<void>;
  removeItem(key: string): void | Promise<void>;
}

/** `navigator.locks` of browsers. */
export interface Locks {
  request<Result>(name: string, work: () => Promise<Result>): Promise<Result>;
}

export function keyValueStorage(
  store: KeyValueStore,
  { key = "tripsync.tokens", locks }: { key?: string; locks?: Locks | undefined } = {},
): TokenStorage {
  return {
    load: async () => read(await store.getItem(key)),
    save: (tokens) => (tokens ? store.setItem(key, JSON.stringify(tokens)) : store.removeItem(key)),
    ...(locks && { lock: (work) => locks.request(key, work) }),
  };
}

function read(text: string | null): StoredTokens | null {
  try {
    const { accessToken, refreshToken, renewAt } = JSON.parse(text ?? "");
    const whole = typeof accessToken === "string" && typeof refreshToken === "string";
    return whole ? { accessToken, refreshToken, renewAt: Number(renewAt) || 0 } : null;
  } catch {
    return null;
  }
}
