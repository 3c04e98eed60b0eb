import { defaultDarkTheme, defaultLightTheme, type RaThemeOptions } from 'react-admin';

const typography = {
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif',
};
const shape = { borderRadius: 8 };

export const lightTheme: RaThemeOptions = {
  ...defaultLightTheme,
  typography,
  shape,
  palette: {
    mode: 'light',
    primary: { main: '#a3211a' },
    secondary: { main: '#8c1d18' },
    background: { default: '#f7f5f2' },
    text: { primary: '#1b1b1f', secondary: '#56545d' },
    error: { main: '#b3261e' },
  },
};

export const darkTheme: RaThemeOptions = {
  ...defaultDarkTheme,
  typography,
  shape,
  palette: {
    mode: 'dark',
    primary: { main: '#ff8a80' },
    secondary: { main: '#5c1f1b' },
    background: { default: '#14151a', paper: '#1d1f27' },
    text: { primary: '#eceaf0', secondary: '#b4b2bf' },
    error: { main: '#ffb4ab' },
  },
};
