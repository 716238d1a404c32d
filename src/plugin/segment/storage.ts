import { segment } from '../../resources/segment.ts';
import { specOf } from '../stored/spec.ts';

/** Where segments are stored, and how they are read. */
export const segmentSpec = specOf(segment, { table: 'networksegments' });
