import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../local/commands.ts';
import { programOnPath } from '../needs.ts';

const tools = process.env['SLIPWAY_TOOLS'] ?? join(homedir(), '.cache/slipway-tools');

/** OpenTofu or Terraform; undefined where there is neither. */
const PROGRAM =
  programOnPath('tofu', join(tools, 'opentofu-1.10.10/bin')) ?? programOnPath('terraform');

/** The reason why configurations of Terraform cannot be run here. */
export const missingTerraform = PROGRAM
  ? undefined
  : 'there is no tofu and no terraform (`.ci/tools opentofu` compiles one, for some minutes)';

export const TERRAFORM_MODULES = fileURLToPath(
  new URL('../../../clients/terraform/', import.meta.url),
);

/** Terraform in a folder with a configuration, without a network: the modules need no provider. */
export function terraformIn(folder: string, environment: Readonly<Record<string, string>>) {
  return (...args: readonly string[]) =>
    run(PROGRAM ?? 'tofu', [`-chdir=${folder}`, ...args], '', {
      TF_IN_AUTOMATION: '1',
      TF_INPUT: '0',
      TF_CLI_ARGS: '-no-color',
      CHECKPOINT_DISABLE: '1',
      ...environment,
    });
}
