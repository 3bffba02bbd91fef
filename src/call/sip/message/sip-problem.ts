/** Why a message is refused; a value that takes the place of what should have been read. */
import { quote } from "../../../core/errors.ts";

export class SipProblem {
  /** What a request is answered with. */
  readonly status: number;
  /** One line that quotes the offending part, which may be a number or a name of a caller. */
  readonly text: string;

  constructor(status: number, text: string) {
    this.status = status;
    this.text = text;
  }
}

/** 400: a part that breaks the grammar. */
export function malformed(what: string, text: string): SipProblem {
  return new SipProblem(400, `${what} is malformed: ${quote(text)}`);
}
