// A browser client: JSON with fetch, the same in protobuf, and the socket.
import { fromBinary } from "@bufbuild/protobuf";
import { InfoResponseSchema, type InfoResponse } from "./gen/account_pb.js";
import { SocketFrameSchema } from "./gen/socket_pb.js";

/** A refusal or a failure: docs/errors.md lists the codes. */
export class Refused extends Error {
  constructor(readonly code: number, text: string, readonly retryAfterSecs: number | undefined) {
    super(`${code}: ${text}`);
  }
}

export interface OwnUser {
  userId: string;
  nickname: string;
  /** A uint64, which is text in JSON: a JavaScript number is exact up to 2^53 only. */
  avatarId: string;
  goldCoinAmount: number;
}

export class Gateway {
  constructor(readonly server: string, private token = "") {}

  private headers(accept: string): Record<string, string> {
    const token: Record<string, string> = this.token ? { token: this.token } : {};
    return { accept, "accept-language": "en", "content-type": "application/json", ...token };
  }

  /** Sends JSON and returns the `data` of the answer. */
  private async call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(this.server + path, {
      method,
      headers: this.headers("application/json"),
      body: body ? JSON.stringify(body) : undefined,
    });
    const { code, msg, data } = await response.json();
    if (code !== 1) {
      const retryAfter = response.headers.get("retry-after");
      throw new Refused(code, msg, retryAfter ? Number(retryAfter) : undefined);
    }
    return data;
  }

  async logIn(name: string, password: string, deviceId: string): Promise<void> {
    const body = { email: name, password, deviceId, platform: "web" };
    this.token = (await this.call<{ token: string }>("POST", "/v1/user/email-login", body)).token;
  }

  async rename(nickname: string): Promise<void> {
    await this.call("POST", "/v1/user/edit-nickname", { nickname });
  }

  async info(): Promise<OwnUser> {
    return (await this.call<{ user: OwnUser }>("GET", "/v1/user/info")).user;
  }

  /** The same in protobuf, where a uint64 is a bigint. */
  async infoInProtobuf(): Promise<InfoResponse> {
    const headers = this.headers("application/x-protobuf");
    const response = await fetch(`${this.server}/v1/user/info`, { headers });
    const answer = fromBinary(InfoResponseSchema, new Uint8Array(await response.arrayBuffer()));
    if (answer.status?.code !== 1) {
      throw new Refused(answer.status?.code ?? 0, answer.status?.msg ?? "", undefined);
    }
    return answer;
  }

  /**
   * Keeps a socket open: sends a heartbeat every 30 seconds, and connects again with growing pauses unless the session has
   * ended. Returns a function that closes it.
   */
  stayOnline(userId: string, onFrame: (cmd: string, seq: string) => void, onEnd: (code: number) => void): () => void {
    let socket: WebSocket;
    let pause = 1000;
    let seq = 0;
    let isClosed = false;
    const send = (cmd: string, data: object) => socket.send(JSON.stringify({ seq: String(++seq), cmd, data }));
    const connect = () => {
      let heartbeat: ReturnType<typeof setInterval>;
      socket = new WebSocket(`${this.server.replace(/^http/, "ws")}/ws`);
      socket.binaryType = "arraybuffer";
      socket.onopen = () => {
        send("login", { userId, token: this.token, platform: "web" });
        send("heartbeat", {});
        heartbeat = setInterval(() => send("heartbeat", {}), 30_000);
      };
      socket.onmessage = ({ data }) => {
        pause = 1000;
        const { info } = fromBinary(SocketFrameSchema, new Uint8Array(data));
        onFrame(info?.cmd ?? "", info?.seq ?? "");
      };
      socket.onclose = ({ code }) => {
        clearInterval(heartbeat);
        // 4001 and 4002: the token is no longer valid.
        if (isClosed || code === 4001 || code === 4002) return onEnd(code);
        setTimeout(connect, pause * (0.5 + Math.random()));
        pause = Math.min(pause * 2, 60_000);
      };
    };
    connect();
    return () => {
      isClosed = true;
      socket.close();
    };
  }
}
