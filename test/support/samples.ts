/** One line of what Prometheus reads. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The samples of a text as Prometheus reads it. Throws for a line that is none. */
export function parseSamples(text: string): Sample[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [, name, labels = "", value = ""] = /^([a-z_][a-z_0-9]*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    if (name === undefined) throw new Error(`This is no sample: ${line}`);
    const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/gi)];
    return {
      name,
      labels: Object.fromEntries(pairs.map(([, key, one]) => [key, one])),
      value: value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value),
    };
  });
}

/** The values of a figure's samples, by their labels as one text: `kind=check outcome=failed`. */
export function valuesOf(samples: Sample[], name: string): Record<string, number> {
  const own = samples.filter((one) => one.name === name);
  return Object.fromEntries(
    own.map(({ labels, value }) => [
      Object.entries(labels)
        .map(([key, one]) => `${key}=${one}`)
        .join(" "),
      value,
    ]),
  );
}

/** The one value of a figure without labels. Throws when there is none. */
export function oneValue(samples: Sample[], name: string): number {
  const [sample, ...others] = samples.filter((one) => one.name === name);
  if (!sample || others.length > 0)
    throw new Error(`There are ${others.length + (sample ? 1 : 0)} of ${name}.`);
  return sample.value;
}

/** The names of labels that a figure's samples have, each combination once. */
export function labelNames(samples: Sample[], name: string): string[] {
  return [
    ...new Set(samples.filter((one) => one.name === name).map(({ labels }) => Object.keys(labels).join(" "))),
  ];
}
