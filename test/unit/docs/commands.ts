import type { Command } from "commander";
import { partNames } from "../../../control-plane/part-names.ts";

/** What can be run, by whatever names it. */
export interface Runnable {
  berth: Command;
  /** Targets of the Makefile, and scripts of package.json. */
  targets: Set<string>;
  scripts: Set<string>;
}

/** Commands of a piece of shell, each as its words. A comment ends a line; a backslash goes on with it. */
function commandsOf(shell: string): string[][] {
  return shell
    .replace(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.replace(/(^|\s)#\s.*$/, ""))
    .flatMap((line) => line.split(/\s\|\|?\s|&&|;|\$\(|[()`]|\s&\s|\s[<>]/))
    .map((command) => command.trim().replace(/^["'\s]+/, ""))
    .filter((command) => command !== "")
    .map((command) => command.split(/\s+/).map((word) => word.replace(/^["']|["',.:]+$/g, "")));
}

/** What of a piece of shell cannot be run, in sentences. Knows `bin/berth`, `make` and `npm run`; the rest is not ours. */
export function wrongCommands(shell: string, runnable: Runnable): string[] {
  return commandsOf(shell).flatMap((words) => {
    // What is said before a command: variables, and what runs it.
    const at = words.findIndex((word) =>
      /(^|\/)bin\/berth$|^ExecStart=.*bin\/berth$|^(berth|make|npm)$/.test(word),
    );
    const isFirst =
      at >= 0 &&
      words.slice(0, at).every((word) => /^[A-Za-z_]+=|^(root|time|sudo|exec)$|^[\d*]+$/.test(word));
    const rest = words.slice(at + 1);
    if (words[at]?.endsWith("bin/berth") || (isFirst && words[at] === "berth"))
      return wrongBerth(rest, runnable.berth);
    if (!isFirst) return [];
    if (words[at] === "make") return wrongTarget(rest, runnable.targets);
    return rest[0] === "run" ? wrongScript(rest.slice(1), runnable.scripts) : [];
  });
}

/**
 * What reads our own logs past `bin/berth logs`, in sentences: whoever does so has to know which processes there are, what
 * their files were before, and that levels are words.
 */
export function wrongLogs(shell: string): string[] {
  return [
    ...(/\.level\s*[<>=!]=?\s*\d/.test(shell)
      ? ["levels of logs are words and no numbers: bin/berth logs --level"]
      : []),
    ...(/\b(jq|grep|tail|head|cat|less)\b[^|\n]*(\$data|<data>|\$BERTH_DATA_DIR)\/log\//.test(shell)
      ? ["a log is read by its file, and not by bin/berth logs"]
      : []),
  ];
}

function wrongTarget(words: string[], targets: Set<string>): string[] {
  const named = words.filter((word) => !/^-|^[A-Z]+=/.test(word));
  // More words of which none is a target are a sentence: "make stacks ahead".
  if (named.length > 1 && !named.some((word) => targets.has(word))) return [];
  return named.filter((word) => !targets.has(word)).map((word) => `make has no target "${word}"`);
}

function wrongScript(words: string[], scripts: Set<string>): string[] {
  return words
    .filter((word) => !word.startsWith("-"))
    .slice(0, 1)
    .filter((word) => !scripts.has(word))
    .map((word) => `package.json has no script "${word}"`);
}

/** Verbs whose argument is a part's name. */
const takesPart = new Set(["logs", "shell", "restart"]);
const isPart = (word: string) => partNames.some((name) => name === word);

/** Names that a word may stand for: `user|tenant` is either. */
const eitherOf = (word: string) => word.split("|");

function wrongBerth(words: string[], berth: Command): string[] {
  let command = berth;
  let said = "bin/berth";
  const rest = [...words];
  while (command.commands.length > 0 && rest[0] && !rest[0].startsWith("-")) {
    const word = rest.shift() as string;
    const found = command.commands.find((one) => one.name() === word);
    if (!found) return [`${said} has no verb "${word}"`];
    command = found;
    said += ` ${word}`;
  }
  const wrong: string[] = [];
  let places = command.registeredArguments.length;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] as string;
    if (word === "--help") continue;
    if (word.startsWith("-")) {
      const option = command.options.find(({ long, short }) => [long, short].includes(word.split("=")[0]));
      if (!option) wrong.push(`${said} has no option ${word}`);
      else if (option.required || option.optional) {
        const value = word.split("=")[1] ?? rest[++at] ?? "";
        if (option.argChoices && !/^[<$]/.test(value) && !option.argChoices.includes(value))
          wrong.push(`${said} ${option.long} takes no "${value}"`);
      }
      continue;
    }
    if (/^\d*[<>]/.test(word) || word === "..." || eitherOf(word).length === 0) continue;
    places--;
    if (takesPart.has(command.name()) && /^[a-z]+(-[a-z]+)*$/.test(word) && !isPart(word))
      wrong.push(`there is no part "${word}"`);
  }
  if (places < 0 && !command.registeredArguments.at(-1)?.variadic)
    wrong.push(`${said} takes fewer arguments`);
  return wrong;
}
