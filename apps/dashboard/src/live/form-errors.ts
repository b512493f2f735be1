import { type Problem, spreadOverFields } from './problem.ts';

/** The part of a Mantine form this needs. */
interface FormLike {
  getInputNode(path: string): HTMLElement | null;
  setErrors(errors: Record<string, string>): void;
}

/** Puts a problem's messages at the fields of `form`; what no field can show is returned, for above the form. */
export function showAtFields(form: FormLike, problem: Problem): string | null {
  const { fields, rest } = spreadOverFields(problem, (path) => form.getInputNode(path) !== null);
  form.setErrors({ ...fields });
  return rest;
}
