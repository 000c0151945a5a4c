export const en = {
  dashboard_name: "Nissan",
  dashboard_description: "All your Nissans: an overview, and a view for each vehicle",
  overview: "All vehicles",
};
