/** How large a SIP message and its parts may be: what a peer can make us hold is bounded by these. */

/** Header block and body together; what is larger is answered with 413. */
export const maxMessageBytes = 65_535;

/** Of a message on a stream; more ends the stream. */
export const maxHeaderBlockBytes = 65_535;

/** Of a message on a stream; more ends the stream. */
export const maxBodyBytes = 65_535;

/** Characters of one header, name included, after unfolding. */
export const maxHeaderLength = 8_192;

/** Headers that are not parsed further. */
export const maxHeaders = 256;

/** Values of Via, Route, Record-Route or Contact, each, whether they came on one line or on many. */
export const maxListMembers = 128;

/** Parameters of one value, or of one URI. */
export const maxParameters = 64;

/** Characters of a URI; a longer Request-URI is answered with 414. */
export const maxUriLength = 2_048;
