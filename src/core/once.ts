/**
 * The value of `make`, made when it is first asked for and kept. For what a program has much of and a command needs little
 * of, such as the schemas of clouds that a stack does not name: making them all took a tenth of a small plan.
 */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
