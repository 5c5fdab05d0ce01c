// Names of the global object that are not the language's.

declare var __host: import("./border.js").Natives | undefined;
declare var __hookstead: import("./border.js").Hooks & { structures: object };
declare var context: object;
declare var process: object;

declare module "dns";
declare module "fs";
declare module "http";
declare module "os";
declare module "path";
declare module "querystring";
declare module "stream";

// What errors of Node.js have.
interface Error {
  code?: number | string;
  errno?: number;
  input?: string;
}

declare function queueMicrotask(callback: () => void): void;
declare function require(name: string): any;

declare var clearImmediate: any;
declare var clearInterval: any;
declare var clearTimeout: any;
declare var setImmediate: any;
declare var setInterval: any;
declare var setTimeout: any;
declare var TextDecoder: any;
declare var TextEncoder: any;
declare var URL: any;
declare var URLSearchParams: any;
