/** Whether an RTP packet holds a voice: pure. */
import { rtpHeaderBytes } from "../call/rtp/rtp-packet.ts";

/** G.711 codes of very quiet samples, of either law's silence and comfort noise, by their high bits. */
const quietMuLaw = 0x60;
const loudShare = 0.1;

/** For PCMU: a tenth of its samples are louder than noise on a line. */
export function isSpokenPacket(bytes: Uint8Array): boolean {
  if (bytes.length <= rtpHeaderBytes) return false;
  const payload = bytes.subarray(rtpHeaderBytes);
  let loud = 0;
  // The code counts down from 0x7F, silence, to 0, the loudest; the highest bit is the sign.
  for (const code of payload) if ((code & 0x7f) < quietMuLaw) loud += 1;
  return loud >= payload.length * loudShare;
}
