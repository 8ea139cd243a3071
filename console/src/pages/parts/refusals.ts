import { mayEverywhere } from '../../../../collector/access/roles.ts';
import type { Role } from '../../../../collector/access/principal.ts';
import { useSession } from '../../data/session.ts';
import { useWords } from '../../words/catalogue.ts';
import { roleWords } from '../../words/domain.ts';
import { partsWords } from '../../words/parts.ts';

/** Why not, for what holds in the whole cluster: one namespace is not enough. */
export function useRefusalEverywhere(role: Role): string | undefined {
  const { principal } = useSession();
  const words = useWords(partsWords);
  const names = useWords(roleWords);
  return mayEverywhere(principal, role) ? undefined : words.needsRoleEverywhere(names[role]);
}
