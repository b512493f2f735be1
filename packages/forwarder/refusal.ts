/** What is wrong with a `configure` command: thrown while it is read, and caught in plan.ts, which makes a result of it. */
export class Refusal extends Error {}
