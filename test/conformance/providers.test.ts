import { clouds } from '../../src/providers/index.ts';
import { runConformance } from './conformance.ts';
import { examples } from './examples.ts';

runConformance(clouds, examples);
