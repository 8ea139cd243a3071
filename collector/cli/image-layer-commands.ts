import { readFileSync } from 'node:fs';

import type { Command } from 'commander';

import type { LayerImportedView } from '../api/contract/blast-radius.ts';
import { jsonText } from '../json-text.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { escapeText } from './terminal.ts';

/** `lannerctl images import-layers`: a build tells what its image is made of. */
type Options = GlobalOptions & {
  readonly manifest: string;
  readonly config: string;
  readonly index?: string;
  readonly repository?: string;
  readonly tag?: string;
};

export function addImageLayerCommands(images: Command, io: Io): void {
  images.command('import-layers')
    .description('tell what an image is made of, for blast-radius --base and --layer')
    .requiredOption('--manifest <file>', 'the image’s manifest, byte by byte')
    .requiredOption('--config <file>', 'the configuration that the manifest names')
    .option('--index <file>', 'the index of a multi-platform tag that names the manifest')
    .option('--repository <name>', 'by which it is asked for')
    .option('--tag <name>', 'by which it is asked for')
    .addHelpText('after', `
The digests are computed and compared: a file that was formatted again is refused. Nodes whose
agents are connected to the container runtime tell the layers of what they run by themselves; this
is for base images that nobody runs, and for other nodes.

Example, after a build:
  skopeo copy docker-daemon:shop/web:1.5 dir:/tmp/image
  lannerctl images import-layers --manifest /tmp/image/manifest.json \\
    --config /tmp/image/$(jq -r .config.digest /tmp/image/manifest.json | cut -d: -f2) \\
    --repository registry.bank.example/shop/web --tag 1.5`)
    .action(async (_, self: Command) => {
      const options: Options = self.optsWithGlobals();
      const { repository, tag, index } = options;
      const imported = await clientOf(io, options).post('/api/v1/images/layers', {
        manifest: textOf(options.manifest),
        config: textOf(options.config),
        ...(index === undefined ? {} : { index: textOf(index) }),
        ...(repository === undefined ? {} : { repository }),
        ...(tag === undefined ? {} : { tag }),
      }) as LayerImportedView;
      if (options.json === true) {
        io.write(`${jsonText(imported)}\n`);
        return;
      }
      const { digests, layers } = imported;
      io.write(`${escapeText(`${layers.length} layers of ${digests.join(' and ')}`)}\n`);
    });
}

/** Exactly: bytes that are no UTF-8 would have another digest as text. */
function textOf(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (error) {
    const why = error instanceof TypeError ? 'is not text' : 'cannot be read';
    throw new CliFailure(exitCodes.usage, `${file} ${why}`, { cause: error });
  }
}
