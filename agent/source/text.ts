/**
 * The text door: every text of an event passes here and is within its bound and well-formed
 * afterwards, and is still the attacker's. Cutting hides what follows: two command lines with the
 * same first 4,096 bytes look the same. The kernel cuts `proc.args` at that size as well.
 */
import { NAME_BYTES_MAX, VALUE_BYTES_MAX } from '../../proto/falco/response-reader.ts';
import { cutText } from '../../proto/text.ts';

/** Values of fields. */
export const TEXT_BYTES_MAX = VALUE_BYTES_MAX;
/** Names of fields, rules, hosts, tags and sources: the rules' author's, not the attacker's. */
export { NAME_BYTES_MAX };

export const valueText = (text: string): string => cutText(text, TEXT_BYTES_MAX);
export const nameText = (text: string): string => cutText(text, NAME_BYTES_MAX);

/** What a peer says about itself (a status message, a version): for a log line, not for data. */
const DETAIL_BYTES_MAX = 256;
export const detailText = (text: string): string => cutText(text, DETAIL_BYTES_MAX);
