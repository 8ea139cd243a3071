import { Ajv } from 'ajv';

/**
 * What the CustomResourceDefinition `kubearmorpolicies.security.kubearmor.com` says of the parts
 * that are written here: its enums, patterns, bounds and required keys. Keys that it does not know
 * an API server would drop, so they are refused.
 */
const text = { type: 'string' };
const path = { type: 'string', pattern: '^\\/+.*[^\\/]$' };
const dir = { type: 'string', pattern: '^\\/$|^\\/.*\\/$' };
const flag = { type: 'boolean' };
const closed = (properties: object, required: readonly string[] = []) =>
  ({ type: 'object', additionalProperties: false, properties, required });
const listOf = (items: object) => ({ type: 'array', items });

const schema = closed({
  apiVersion: { const: 'security.kubearmor.com/v1' },
  kind: { const: 'KubeArmorPolicy' },
  metadata: closed({
    name: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', maxLength: 253 },
    namespace: text,
  }, ['name']),
  spec: closed({
    action: { enum: ['Allow', 'Audit', 'Block'] },
    severity: { type: 'integer', minimum: 1, maximum: 10 },
    selector: closed({ matchLabels: { type: 'object', additionalProperties: text } }),
    process: closed({ matchPaths: listOf(closed({ path })) }),
    file: closed({
      matchPaths: listOf(closed({ path, readOnly: flag }, ['path'])),
      matchPatterns: listOf(closed({ pattern: text, readOnly: flag }, ['pattern'])),
      matchDirectories: listOf(closed({ dir, recursive: flag, readOnly: flag }, ['dir'])),
    }),
    network: closed({
      matchProtocols: listOf(closed({
        protocol: { type: 'string', pattern: '(icmp|ICMP|tcp|TCP|udp|UDP|raw|RAW)$' },
      }, ['protocol'])),
    }),
  }, ['selector']),
});

const validate = new Ajv({ allErrors: true }).compile(schema);

export function kubeArmorProblems(policy: unknown): readonly string[] {
  return validate(policy)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
