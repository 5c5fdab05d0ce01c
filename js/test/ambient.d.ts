// What the host of the tests takes from Node.js.

declare module "node:crypto";
declare module "node:module";

declare var Buffer: any;
declare var performance: { now(): number };

interface ImportMeta {
  url: string;
}
