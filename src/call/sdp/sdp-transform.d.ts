/** What is used of sdp-transform, which has no types inside: its result is looked at before it is believed. */

declare module "sdp-transform" {
  export function parse(description: string): unknown;
}
