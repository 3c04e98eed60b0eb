import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the heap small; imported first, before what it is to hold for. V8 sizes a heap for speed: the young generation
 * grows to 128 MiB, and garbage gathers to several times of what lives before it is collected. This service's garbage
 * is documents on their way through, which live too shortly for that to pay. Both flags are looked at whenever V8
 * resizes, unlike those of a maximum size, which count at the start of the process alone.
 */
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=60');
