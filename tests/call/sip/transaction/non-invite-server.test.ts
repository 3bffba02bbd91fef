import { describe, expect, test } from "bun:test";
import { nothingLeft, request, respond, Rig } from "./sip-rig.ts";

function asked(transport: "udp" | "tcp" = "udp") {
  const rig = new Rig();
  const flow = rig.flow(transport);
  const options = request("OPTIONS", { branch: "z9hG4bKpeer1" });
  rig.layer.receive(options, flow);
  const answer = (status: number): void => rig.last.respond(respond(options, status));
  const again = (): void => rig.layer.receive(options, flow);
  return { rig, flow, answer, again };
}

describe("a request other than INVITE from a peer", () => {
  test("copies are absorbed in silence before an answer, then get the last response", () => {
    const { rig, flow, answer, again } = asked();
    again();
    expect(flow.names).toEqual([]);
    answer(183);
    again();
    answer(200);
    again();
    expect(flow.names).toEqual(["183", "183", "200", "200"]);
    expect(rig.events).toEqual(["0 request OPTIONS"]);
    expect(rig.layer.status()).toMatchObject({ taken: 1, absorbed: 3 });
  });

  test("a lost 200: for 32 s (timer J) the copy of the request brings it again", () => {
    const { rig, flow, answer, again } = asked();
    answer(200);
    rig.clock.advance(31_999);
    again();
    expect(flow.timesOf("200")).toEqual([0, 31_999]);
    rig.clock.advance(1);
    expect(rig.leftovers).toEqual(nothingLeft);
    again();
    expect(rig.events).toEqual(["0 request OPTIONS", "32000 request OPTIONS"]);
  });

  test("a 200 that the flow did not take is there for the copy of the request", () => {
    const { rig, flow, answer, again } = asked();
    flow.errno = "ENOBUFS";
    answer(200);
    flow.errno = undefined;
    rig.clock.advance(500);
    again();
    expect(flow.timesOf("200")).toEqual([500]);
    expect(rig.events).toEqual(["0 request OPTIONS"]);
  });

  test("nothing is sent again by time, and no 100 is sent for its user", () => {
    const { rig, flow, answer } = asked();
    rig.clock.advance(10_000);
    answer(404);
    rig.clock.advance(31_999);
    expect(flow.names).toEqual(["404"]);
  });

  test("on a stream the answer ends it at once: timer J is 0", () => {
    const { rig, flow, answer } = asked("tcp");
    answer(200);
    expect(flow.names).toEqual(["200"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("only the first final response is sent", () => {
    const { flow, answer } = asked();
    answer(200);
    answer(500);
    answer(183);
    expect(flow.names).toEqual(["200"]);
  });

  test("is forgotten after 32 s without an answer, since its sender is as well", () => {
    const { rig, flow, answer } = asked();
    rig.clock.advance(32_000);
    expect(rig.leftovers).toEqual(nothingLeft);
    answer(200);
    expect(flow.names).toEqual([]);
  });

  test("ends with its flow when it is answered, too", () => {
    const { rig, flow, answer } = asked();
    answer(200);
    rig.layer.flowClosed(flow, "ECONNRESET");
    expect(rig.events).toEqual(["0 request OPTIONS"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("ends with its flow and nobody is told", () => {
    const { rig, flow, answer } = asked();
    rig.layer.flowClosed(flow, "ECONNRESET");
    expect(rig.events).toEqual(["0 request OPTIONS"]);
    expect(rig.leftovers).toEqual(nothingLeft);
    answer(200);
    expect(flow.names).toEqual([]);
  });
});
