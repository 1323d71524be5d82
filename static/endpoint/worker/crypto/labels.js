/** Domain separation labels, each used in one place (docs/protocol.md sections 3, 4, 6; RFC 9605 section 4.4.2). */

export const EKT_KEY_LABEL = "conclave/1 EKT";
export const SENDER_KEY_LABEL = "conclave/1 sender key";
export const SFRAME_KEY_LABEL = "SFrame 1.0 Secret key ";
export const SFRAME_SALT_LABEL = "SFrame 1.0 Secret salt ";
