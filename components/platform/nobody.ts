/** Number of the user and group `nobody`, in Debian's images and in those of Prometheus. */
export const nobody = "65534";
