export const de = {
  dashboard_name: "Nissan",
  dashboard_description: "Alle deine Nissans: eine Übersicht und eine Ansicht für jedes Fahrzeug",
  overview: "Alle Fahrzeuge",
};
