import { onServer } from './database-set-up.ts';

export default () => onServer('mysql');
