/** Tailwind 4 runs as one PostCSS plugin; its theme is in `src/app/globals.css`. */
export default { plugins: { '@tailwindcss/postcss': {} } };
