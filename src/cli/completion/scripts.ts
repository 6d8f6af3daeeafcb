/** A line of `slipway complete` by which the shell lists files itself, in place of a candidate. */
export const FILES_MARK = ':files';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

/** The script by which a shell completes the command line. Where there is no `slipway` on its path, as in a clone, the script defines one: `program`, with its arguments. */
export function completionScript(shell: Shell, program: readonly string[]): string {
  const quoted = program.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  return `${SCRIPTS[shell]}${DEFINITIONS[shell](quoted)}`;
}

const DEFINITIONS: Readonly<Record<Shell, (program: string) => string>> = {
  bash: defined,
  zsh: defined,
  fish: (program) => `if not type -q slipway
    function slipway
        ${program} $argv
    end
end`,
};

function defined(program: string): string {
  return `command -v slipway >/dev/null || slipway() { ${program} "$@"; }`;
}

/** For each shell what has `slipway complete` answer for the words that stand there: it knows the commands, and so no script has to be made again when they change. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# Completion of slipway for bash: source <(slipway completion bash)
_slipway() {
  local current=\${COMP_WORDS[COMP_CWORD]} value about
  COMPREPLY=()
  while IFS=$'\\t' read -r value about; do
    if [[ $value == ${FILES_MARK} ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$current")
    else
      COMPREPLY+=("$value")
    fi
  done < <("$1" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _slipway slipway
`,
  zsh: `#compdef slipway
# Completion of slipway for zsh, after compinit: source <(slipway completion zsh)
_slipway() {
  local value about
  local -a candidates
  while IFS=$'\\t' read -r value about; do
    if [[ $value == ${FILES_MARK} ]]; then
      _files
    else
      candidates+=("\${value//:/\\\\:}:$about")
    fi
  done < <("\${words[1]}" complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  (( $#candidates )) && _describe slipway candidates
}
if [[ $funcstack[1] == _slipway ]]; then _slipway; else compdef _slipway slipway; fi
`,
  fish: `# Completion of slipway for fish: slipway completion fish | source
function __slipway_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    test (count $current) -eq 0; and set current ''
    for line in ($before[1] complete -- $before[2..-1] $current 2>/dev/null)
        if test "$line" = ${FILES_MARK}
            __fish_complete_path $current
        else
            echo $line
        end
    end
end
complete -c slipway -f -a '(__slipway_complete)'
`,
};
