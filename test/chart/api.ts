import { Admin } from '../kube/admin.ts';
import type { Answer, KubeObject } from '../kube/admin.ts';

/** Objects of any kind at the API server; how a kind is named in paths, the server itself says. */
type Kind = {
  readonly kind: string;
  readonly name: string;
  readonly isNamespaced: boolean;
  readonly canList: boolean;
};
type ResourceList = {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
};

const FIELD_MANAGER = 'chart-test';

export class Api {
  readonly admin: Admin;
  readonly #kinds = new Map<string, readonly Kind[]>();

  constructor(kubeconfig: string) {
    this.admin = new Admin(kubeconfig);
  }

  /** As `kubectl apply --server-side`, with every unknown or doubled field refused. */
  async apply(
    object: KubeObject,
    { namespace, dryRun = false }: { readonly namespace: string; readonly dryRun?: boolean },
  ): Promise<Answer> {
    const query = `fieldManager=${FIELD_MANAGER}&force=true&fieldValidation=Strict` +
      (dryRun ? '&dryRun=All' : '');
    const body = { value: object, type: 'application/apply-patch+yaml' };
    return this.admin.send('PATCH', `${await this.#pathOf(object, namespace)}?${query}`, body);
  }

  async read(object: KubeObject, namespace: string): Promise<KubeObject | undefined> {
    const { status, body } = await this.admin.send('GET', await this.#pathOf(object, namespace));
    return status === 200 ? body as KubeObject : undefined;
  }

  async remove(object: KubeObject, namespace: string): Promise<void> {
    await this.admin.send('DELETE', await this.#pathOf(object, namespace));
  }

  /** `kind/name` of all that is in a namespace, whatever the kind. */
  async everythingIn(namespace: string): Promise<readonly string[]> {
    return this.#list((kind) =>
      kind.isNamespaced ? `/namespaces/${namespace}/${kind.name}` : undefined);
  }

  /** `kind/name` of all in the cluster with this label. */
  async everythingLabelled(selector: string): Promise<readonly string[]> {
    return this.#list((kind) => `/${kind.name}?labelSelector=${encodeURIComponent(selector)}`);
  }

  async #list(pathIn: (kind: Kind) => string | undefined): Promise<readonly string[]> {
    const found: string[] = [];
    for (const version of await this.#versions()) {
      for (const kind of await this.#kindsOf(version)) {
        const path = kind.canList ? pathIn(kind) : undefined;
        if (path === undefined) continue;
        const { status, body } = await this.admin.send('GET', `${rootOf(version)}${path}`);
        if (status !== 200) throw new Error(`${path}: HTTP ${status}`);
        const { items } = body as { items: readonly KubeObject[] };
        found.push(...items.map(({ metadata }) => `${kind.name}/${metadata.name}`));
      }
    }
    return [...new Set(found)].toSorted();
  }

  /** Of each group the version that the server prefers. */
  async #versions(): Promise<readonly string[]> {
    const { body } = await this.admin.send('GET', '/apis');
    const { groups } = body as {
      groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[];
    };
    return ['v1', ...groups.map(({ preferredVersion }) => preferredVersion.groupVersion)];
  }

  async #kindsOf(version: string): Promise<readonly Kind[]> {
    const known = this.#kinds.get(version);
    if (known !== undefined) return known;
    const { status, body } = await this.admin.send('GET', rootOf(version));
    if (status !== 200) throw new Error(`the API server does not know ${version}`);
    const kinds = (body as ResourceList).resources
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, kind, namespaced, verbs }) => ({
        kind,
        name,
        isNamespaced: namespaced,
        canList: verbs.includes('list'),
      }));
    this.#kinds.set(version, kinds);
    return kinds;
  }

  async #pathOf({ apiVersion, kind, metadata }: KubeObject, namespace: string): Promise<string> {
    const found = (await this.#kindsOf(apiVersion)).find((one) => one.kind === kind);
    if (found === undefined) throw new Error(`${apiVersion} has no ${kind}`);
    const within = found.isNamespaced ? `/namespaces/${metadata.namespace ?? namespace}` : '';
    return `${rootOf(apiVersion)}${within}/${found.name}/${metadata.name}`;
  }
}

const rootOf = (version: string): string =>
  version.includes('/') ? `/apis/${version}` : `/api/${version}`;
