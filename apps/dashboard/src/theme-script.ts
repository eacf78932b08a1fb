/** What runs before the first paint, so that a chosen theme does not flash up in the other one. */

export const STORED_AS = 'bellwether-theme';

export const THEME_SCRIPT = `try{var t=localStorage.getItem('${STORED_AS}');if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch(e){}`;
