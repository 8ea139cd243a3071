import { readFileSync } from 'node:fs';

import { DockerfileParser } from 'dockerfile-ast';

/**
 * deploy/image/Dockerfile as stages of instructions, each with what it inherits from its base. Only
 * what the file uses is understood; anything else is an error, so that a change of the file that
 * the tests would pass over fails instead.
 */
export type Stage = {
  readonly name: string;
  /** Another stage, or an image. */
  readonly from: string;
  readonly copies: readonly { readonly from: string; readonly path: string; readonly to: string }[];
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string;
  readonly folder: string;
  readonly entrypoint: readonly string[];
  readonly runs: readonly string[];
};

type Building = { -readonly [Key in keyof Stage]: Stage[Key] };

export function readStages(path: string): ReadonlyMap<string, Stage> {
  const stages = new Map<string, Building>();
  let stage: Building | undefined;
  for (const instruction of DockerfileParser.parse(readFileSync(path, 'utf8')).getInstructions()) {
    const keyword = instruction.getKeyword().toUpperCase();
    const given = instruction.getArguments().map((argument) => argument.getValue());
    const text = instruction.getRawArgumentsContent() ?? '';
    if (keyword === 'ARG') continue;
    if (keyword === 'FROM') {
      const [from = '', as = '', name = ''] = given;
      if (as.toUpperCase() !== 'AS') throw new Error(`FROM ${from} has no name`);
      stage = inherited(name, from, stages.get(from));
      stages.set(name, stage);
      continue;
    }
    if (stage === undefined) throw new Error(`${keyword} stands before FROM`);
    take(stage, { keyword, given, text, instruction: instruction.toString() });
  }
  return stages;
}

function inherited(name: string, from: string, base: Building | undefined): Building {
  const { environment = {}, labels = {}, user = '', folder = '/', copies = [] } = base ?? {};
  return { name, from, environment, labels, user, folder, copies, entrypoint: [], runs: [] };
}

type Read = {
  readonly keyword: string;
  readonly given: readonly string[];
  readonly text: string;
  readonly instruction: string;
};

function take(stage: Building, { keyword, given, text, instruction }: Read): void {
  switch (keyword) {
    case 'COPY': {
      const from = /--from=(\S+)/.exec(instruction)?.[1] ?? '';
      const [path = '', to = ''] = given.slice(-2);
      stage.copies = [...stage.copies, { from, path, to }];
      return;
    }
    case 'ENV':
      stage.environment = { ...stage.environment, ...pairs(text) };
      return;
    case 'LABEL':
      stage.labels = { ...stage.labels, ...pairs(text) };
      return;
    case 'USER':
      stage.user = text.trim();
      return;
    case 'WORKDIR':
      stage.folder = text.trim();
      return;
    case 'ENTRYPOINT':
      // The other form would need a shell.
      stage.entrypoint = JSON.parse(text) as string[];
      return;
    case 'RUN':
      stage.runs = [...stage.runs, text];
      return;
    case 'EXPOSE':
      return;
    default:
      throw new Error(`${keyword} is not understood: ${text}`);
  }
}

function pairs(text: string): Readonly<Record<string, string>> {
  const found = text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g);
  return Object.fromEntries([...found].map(([, name = '', quoted, plain]) =>
    [name, quoted ?? plain ?? '']));
}
