// Made from crates/functions/src/border.rs and natives.rs, which a test holds it to:
//   HOOKSTEAD_BLESS=1 cargo test -p hookstead-functions border

/** Bytes, or a text that stands for its UTF-8. */
export type Bytes = Uint8Array | ArrayBuffer | string;

/** What `__host` holds while the runtime is evaluated. */
export interface Natives {
  aes_gcm_decrypt(key: Bytes, sealed: Bytes): ArrayBuffer;
  aes_gcm_encrypt(key: Bytes, data: Bytes): ArrayBuffer;
  arguments(): string;
  base64_decode(text: string): ArrayBuffer;
  base64_encode(data: Bytes): string;
  cipher_decrypt(
    cipher: string,
    key: Bytes,
    iv: Bytes,
    sealed: Bytes,
    additional: Bytes,
    pads: boolean,
  ): ArrayBuffer;
  cipher_encrypt(
    cipher: string,
    key: Bytes,
    iv: Bytes,
    data: Bytes,
    additional: Bytes,
    pads: boolean,
  ): ArrayBuffer;
  data_in_transaction(session: number): boolean;
  data_session(source: string, asSystem: boolean): number;
  data_session_end(session: number): void;
  data_start(source: string, asSystem: boolean, command: any): number | undefined;
  data_start_large(source: string, asSystem: boolean): number;
  data_transaction_start(session: number): void;
  error_told(message: string, stack: string, wantsStack: boolean): string | undefined;
  fail(message: string, stack?: string | undefined): void;
  function_allow(name: string, asSystem: boolean): number;
  function_find(name: string): number;
  hash(algorithm: string, data: Bytes): ArrayBuffer;
  header_is_valid(name: string, value: string): boolean;
  hex_decode(text: string): ArrayBuffer;
  hex_encode(data: Bytes): string;
  hmac(algorithm: string, key: Bytes, data: Bytes): ArrayBuffer;
  http_start(head: string, body?: Bytes | undefined): number;
  json_text(value: any): string | undefined;
  jwt_sign(algorithm: string, key: string, data: Bytes): ArrayBuffer;
  jwt_verify(algorithm: string, key: string, data: Bytes, signature: Bytes): boolean;
  log(level: string, text: string): boolean;
  marked(number: number, mark: number): number;
  monotonic_ms(): number;
  number_mark(number: number): number;
  pbkdf2(
    algorithm: string,
    password: Bytes,
    salt: Bytes,
    iterations: number,
    keyBytes: number,
  ): ArrayBuffer;
  random(): number;
  random_bytes(count: number): ArrayBuffer;
  random_uuid(): string;
  reply(
    responseTouched: boolean,
    status?: number | undefined,
    body?: Bytes | undefined,
    result?: string | undefined,
    ...headers: string[],
  ): void;
  request_body(): ArrayBuffer;
  request_body_text(): string;
  request_headers(): string;
  request_info(): string | undefined;
  request_query(): string;
  rsa_sign(scheme: string, key: string, data: Bytes): ArrayBuffer;
  rsa_verify(scheme: string, key: string, data: Bytes, signature: Bytes): boolean;
  script(index: number): any;
  service_allow(
    service: string,
    action: string,
    asSystem: boolean,
    head: string,
    body?: Bytes | undefined,
  ): number;
  service_allows(service: string, action: string): boolean;
  service_kind(service: string): string | undefined;
  settled(): void;
  timer_cancel(timer: number): void;
  timer_start(delayMs: number, repeats: boolean): number;
  url_parse(url: string, base?: string | undefined): string | undefined;
  url_set(url: string, part: string, value: string): string | undefined;
  user(): any;
  utf8_decode(data: Bytes, isFatal: boolean): string;
  utf8_encode(text: string): ArrayBuffer;
  value_get(name: string): string | undefined;
  wait(id: number): any;
}

/** What the host calls. */
export interface Hooks {
  complete(id: number, succeeded: boolean, value: any): void;
  finish(): void;
  prepare(settings: string): void;
  start(script: number, options: number): void;
}

export const PAYLOAD_REQUEST: 0;
export const PAYLOAD_JSON: 1;
export const PAYLOAD_FORM: 2;
export const PAYLOAD_ARGUMENTS: 3;
export const PAYLOAD_BITS: 3;
export const RESULT_NONE: 0;
export const RESULT_JSON: 4;
export const RESULT_EJSON: 8;
export const RESULT_NARROW_EJSON: 12;
export const RESULT_BITS: 12;
export const OPTION_HAS_BODY: 16;
export const OPTION_RESPONSE_DROPS_RESULT: 32;
export const RIGHTS_SYSTEM: 0;
export const RIGHTS_SYSTEM_WITH_USER: 64;
export const RIGHTS_USER: 128;
export const RIGHTS_BITS: 192;
export const MARK_NONE: 0;
export const MARK_INT32: 1;
export const MARK_INT64: 2;
export const MARK_DOUBLE: 3;
export const MONGO_CODE_WRITE_CONFLICT: 112;
export const CLASSES: { name: string, fields: string[] }[];
export const NATIVES: { [Name in keyof Natives]: number };
