/** One socket, from its opening to its end: it signs in, stays signed in, and notices silence. */

import type { Heard as AnyHeard, Said } from "./generated/messages.js";
import type { AuthSession } from "./session.js";
import type { StoredTokens } from "./storage.js";

/** What matters beyond the line itself. */
export type Heard = Exclude<AnyHeard, { type: "pong" }>;

/** What all `WebSocket` have: that of browsers, of React Native, of Node 22, and of the package `ws`. */
export interface SocketLike {
  onopen: ((event: any) => unknown) | null;
  onmessage: ((event: any) => unknown) | null;
  onclose: ((event: any) => unknown) | null;
  onerror: ((event: any) => unknown) | null;
  send(data: string): void;
  close(): void;
}

export type SocketConstructor = new (url: string) => SocketLike;

/** What a browser says of a line that was cut. */
const CUT = 1006;
const OPENING_TAKES = 20_000;
const SILENCE_LASTS = 30_000;
const ANSWER_TAKES = 10_000;
const RENEWAL_WAITS = 1_000;
const LONGEST_TIMER = 2 ** 31 - 1;

type Timer = ReturnType<typeof setTimeout>;

export class Connection {
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  /** By which the server knows the rider. */
  tokens: StoredTokens;
  private readonly socket: SocketLike;
  private readonly session: AuthSession;
  private readonly heard: (message: Heard) => void;
  private finish!: (code: number) => void;
  private authenticated = false;
  private over = false;
  private silence: Timer;
  private renewal: Timer | undefined;

  constructor(
    socket: SocketLike,
    session: AuthSession,
    tokens: StoredTokens,
    heard: (message: Heard) => void,
  ) {
    this.closed = new Promise((resolve) => {
      this.finish = resolve;
    });
    this.socket = socket;
    this.session = session;
    this.tokens = tokens;
    this.heard = heard;
    this.silence = setTimeout(() => this.end(CUT), OPENING_TAKES);
    // As a message, not as a subprotocol: of a refused handshake, browsers do not tell why.
    socket.onopen = () => this.write({ type: "auth", token: this.tokens.accessToken });
    socket.onmessage = ({ data }) => this.read(data);
    socket.onclose = ({ code }) => this.end(code);
    // A close follows.
    socket.onerror = () => undefined;
    this.renewAt(tokens.renewAt);
  }

  /** Says something, if the server knows already whose socket this is. */
  send(said: Said): boolean {
    if (!this.authenticated || this.over) return false;
    this.write(said);
    return true;
  }

  /** Ends soon unless the server answers. */
  probe(): void {
    if (!this.send({ type: "ping" })) return;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.end(CUT), ANSWER_TAKES);
  }

  /** Ends at once; no socket takes its time to say good-bye to a server that is gone. */
  end(code = CUT): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.silence);
    clearTimeout(this.renewal);
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.finish(code);
  }

  private read(data: unknown): void {
    this.listen();
    const message = JSON.parse(String(data)) as AnyHeard;
    if (message.type === "authenticated") this.authenticated = true;
    if (message.type !== "pong") this.heard(message);
  }

  private write(said: Said): void {
    this.socket.send(JSON.stringify(said));
  }

  private listen(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.probe(), SILENCE_LASTS);
  }

  private renewAt(moment: number): void {
    const wait = Math.min(Math.max(moment - Date.now(), RENEWAL_WAITS), LONGEST_TIMER);
    this.renewal = setTimeout(() => void this.renew(), wait);
  }

  private async renew(): Promise<void> {
    const tokens = await this.session.tokens();
    // Signed out: the server closes the socket.
    if (this.over || tokens === null) return;
    if (tokens.refreshToken !== this.tokens.refreshToken) {
      this.tokens = tokens;
      this.send({ type: "auth", token: tokens.accessToken });
    }
    this.renewAt(tokens.renewAt);
  }
}
