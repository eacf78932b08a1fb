/** Style sheets and fonts are imported for their effect only; the bundler knows what to do with them. */
declare module '*.css';
declare module '@fontsource-variable/inter';
