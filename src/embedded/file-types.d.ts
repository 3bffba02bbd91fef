/** Types of imported files: a path for `type: "file"`, the text for `type: "text"`. */

declare module "*.so" {
  const path: string;
  export default path;
}

declare module "*.dylib" {
  const path: string;
  export default path;
}

declare module "*.bin" {
  const path: string;
  export default path;
}

declare module "*.gz" {
  const path: string;
  export default path;
}

declare module "*.wav" {
  const path: string;
  export default path;
}

declare module "*.wasm" {
  const path: string;
  export default path;
}

declare module "*.sha256" {
  const text: string;
  export default text;
}
