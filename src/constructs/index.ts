/**
 * What a TypeScript stack imports: CDKTF classes for Keyform's provider and its resource types. They are made from the
 * same schemas that check a stack, so an argument that compiles here exists there.
 *
 * @packageDocumentation
 */
export * from './generated/index.ts';
