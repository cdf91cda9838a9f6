/** What is told to the user: a mistake with a sentence for people in it. */
export class Told extends Error {
  constructor(message, cause) {
    super(message, { cause });
    this.name = "Told";
  }
}

/** Return the sentence of an error; what was not foreseen is told as it is. */
export function sentence(error) {
  if (error instanceof Told) return error.message;
  return `Something went wrong that was not foreseen: ${error?.message ?? error}`;
}
