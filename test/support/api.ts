export { ApiClient } from '../../src/onehost/emulated/api.ts';
export { type HttpAnswer, httpRequest, type Json, type Where } from '../../src/onehost/emulated/http.ts';
