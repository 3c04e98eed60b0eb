/** What both sides hold to. */
export const filmTypes = ['movie', 'tv_show'] as const;
export const roles = ['actor', 'writer', 'director'] as const;
export const maxRating = 10;

export type FilmType = (typeof filmTypes)[number];
export type Role = (typeof roles)[number];
