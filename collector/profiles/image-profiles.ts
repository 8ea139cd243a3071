import { mergeDocuments, parseDocument } from '../../baseline/profile/document.ts';
import type { ProfileDocument } from '../../baseline/profile/document.ts';
import type { ProfileAlgebra } from './profile-book.ts';

/** The profiles that agents really send: documents of the baseline. */
export const imageProfiles: ProfileAlgebra<ProfileDocument> = {
  parse: (json) => {
    const parsed = parseDocument(json);
    return parsed.ok ? { ok: true, profile: parsed.document } : parsed;
  },
  merge: mergeDocuments,
  toJson: (profile) => profile,
};
