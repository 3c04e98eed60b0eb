import dockerignore, { type Ignore } from '@balena/dockerignore';
import { DockerfileParser } from 'dockerfile-ast';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { checkout } from './compose-file.ts';

/** One step of a Dockerfile, as far as ours use them; anything else is an error. */
export type Step =
  | { readonly kind: 'FROM'; readonly image: string; readonly stage: string | undefined }
  | {
      readonly kind: 'COPY';
      readonly from: string | undefined;
      readonly sources: string[];
      readonly target: string;
    }
  | { readonly kind: 'RUN'; readonly command: string }
  | { readonly kind: 'ENV'; readonly name: string; readonly value: string }
  | { readonly kind: 'WORKDIR'; readonly value: string }
  | { readonly kind: 'USER'; readonly value: string }
  | { readonly kind: 'ENTRYPOINT'; readonly command: string[] }
  | { readonly kind: 'CMD'; readonly command: string[] }
  | { readonly kind: 'HEALTHCHECK'; readonly command: string[] };

export function readDockerfile(path = 'Dockerfile'): Step[] {
  const file = DockerfileParser.parse(readFileSync(join(checkout, path), 'utf8'));
  return file.getInstructions().map((instruction): Step => {
    const content = instruction.getArgumentsContent() ?? '';
    const words = instruction.getArguments().map((argument) => argument.getValue());
    const kind = instruction.getKeyword();
    switch (kind) {
      case 'FROM':
        return { kind, image: words[0] ?? '', stage: words[2] };
      case 'COPY':
        return {
          kind,
          from: stageOf(instruction.getTextContent()),
          sources: words.slice(0, -1),
          target: words.at(-1) ?? '',
        };
      case 'RUN':
        return { kind, command: content };
      case 'ENV': {
        const [name = '', value = ''] = content.split('=');
        return { kind, name, value };
      }
      case 'WORKDIR':
      case 'USER':
        return { kind, value: content };
      case 'ENTRYPOINT':
      case 'CMD':
      case 'HEALTHCHECK':
        return { kind, command: parseExecForm(content) };
      default:
        throw new Error(`${kind} is not expected in the Dockerfile`);
    }
  });
}

/** The stage in `--from=stage …`, which is not among the words. */
function stageOf(copy: string): string | undefined {
  return / --from=(\S+)/.exec(copy)?.[1];
}

/** `["node", "src/cli/main.ts"]`, whatever stands before the bracket. */
function parseExecForm(content: string): string[] {
  return z.array(z.string()).parse(JSON.parse(content.slice(content.indexOf('['))));
}

/** What `.dockerignore`, or another such file, keeps out of the build. */
export function readDockerignore(path = '.dockerignore'): Ignore {
  return dockerignore.default().add(readFileSync(join(checkout, path), 'utf8').split('\n'));
}
