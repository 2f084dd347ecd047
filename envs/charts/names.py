"""Names for charts: short, plain and all different."""

from collections.abc import Mapping

THEMES: Mapping[str, tuple[str, ...]] = {
    "trees": ("Oak", "Elm", "Ash", "Pine", "Birch", "Maple", "Cedar", "Willow", "Larch", "Beech"),
    "cities": ("Rome", "Paris", "Oslo", "Lima", "Cairo", "Quito", "Delhi", "Tokyo", "Perth", "Dakar"),
    "months": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct"),
    "fruits": ("Apple", "Pear", "Plum", "Fig", "Kiwi", "Mango", "Peach", "Lemon", "Grape", "Melon"),
    "animals": ("Cat", "Dog", "Fox", "Owl", "Bear", "Wolf", "Deer", "Hare", "Goat", "Swan"),
    "days": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "teams": ("Alpha", "Beta", "Gamma", "Delta", "Sigma", "Omega", "Kappa", "Theta", "Zeta", "Lambda"),
    "shops": ("Baker", "Butcher", "Florist", "Grocer", "Tailor", "Barber", "Chemist", "Jeweller"),
}
"""Categories, by what they have in common."""
SERIES = (
    "Sales", "Costs", "Profit", "Visits", "Orders", "Returns", "Imports", "Exports", "Supply", "Demand", "Budget",
    "Income", "Rent", "Wages", "Taxes", "Stock", "Output", "Waste", "Energy", "Water", "Rail", "Road", "Air", "Sea",
    "Online", "Retail", "Adults", "Children", "Members", "Guests", "Morning", "Evening", "Weekday", "Weekend",
    "Planned", "Actual", "Rural", "Urban", "Goals", "Saves",
)  # fmt: skip
PANELS = (
    "North", "South", "East", "West", "Plant A", "Plant B", "Group 1", "Group 2", "Spring", "Autumn", "Harbour",
    "Airport", "Old Town", "New Town", "Branch X", "Branch Y", "First half", "Second half", "Ground floor", "Top floor",
)  # fmt: skip
MEASURES = (
    "tonnes",
    "visitors",
    "points",
    "hours",
    "units",
    "litres",
    "orders",
    "euros",
    "dollars",
    "parcels",
    "seats",
    "trips",
)
"""What is counted along the value axis."""
