/** @peculiar/x509 behind the polyfill it needs: whoever imports the library goes through here. */
import 'reflect-metadata';

export * from '@peculiar/x509';
