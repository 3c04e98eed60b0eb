import type { CheckboxProps, Theme } from '@mui/material';
import { defaultDarkTheme, defaultLightTheme, type RaThemeOptions } from 'react-admin';

const typography = {
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif',
};
const shape = { borderRadius: 8 };

const components: RaThemeOptions['components'] = {
  MuiCheckbox: {
    defaultProps: {
      slotProps: {
        // The lists name the box around it, where nobody is told.
        root: { 'aria-label': undefined },
        input: (props: CheckboxProps) => ({ 'aria-label': props['aria-label'] }),
      },
    },
  },
  RaLogin: {
    styleOverrides: {
      root: ({ theme }: { theme: Theme }) => ({
        backgroundImage: 'none',
        '& .RaLogin-icon': { backgroundColor: theme.palette.primary.main },
      }),
    },
  },
};

export const lightTheme: RaThemeOptions = {
  ...defaultLightTheme,
  components: { ...defaultLightTheme.components, ...components },
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
  components: { ...defaultDarkTheme.components, ...components },
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
